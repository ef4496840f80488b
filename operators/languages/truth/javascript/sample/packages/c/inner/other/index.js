require("../..")
