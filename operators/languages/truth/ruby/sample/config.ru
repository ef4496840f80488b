require ::File.expand_path("../binder/lib/binder", __FILE__)
run App
