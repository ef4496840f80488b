#!/usr/bin/env Rscript
# The shop.

library(dplyr)
require("stats")
requireNamespace("jsonlite", quietly = TRUE)
source("R/store.R")
source(file.path("R", "log.R"))
box::use(purrr[map])
# library(never)

#' Adds prices.
#'
#' @param a,b Prices.
#' @return A price.
#' @export
add <- function(a, b = c(1, 2),
                ...) {
  inner <- function(x) x
  library(lazily)
  local <- 1
  a + b
}

#' @noRd
hidden = function(x) x * 2

# A plain comment.
double <- \(x) x * 2

.private <- function() NULL
limit <- 10L
"quoted" <- function() 1
`%+%` <- function(a, b) paste0(a, b)
`names<-.shop` <- function(x, value) x
global <<- 1
function(x) x -> right
NULL -> nothing

#' A shop.
#' @export
Shop <- R6::R6Class("Shop",
  inherit = Base,
  public = list(
    #' @field name Its name.
    name = NULL,
    #' @description Makes one.
    initialize = function(name) {
      self$name <- name
    },
    sell = function(item) invisible(self)
  ),
  private = list(
    secret = function() 1,
    key = 1
  )
)

setClass("Person", representation(name = "character"))
setGeneric("greet", function(x, ...) standardGeneric("greet"))
#' Greets.
setMethod("greet", "Person", function(x, ...) {
  cat("hi")
})
Account <- setRefClass("Account", fields = list(balance = "numeric"))
setValidity("Person", function(object) TRUE)

x$y <- function() 1
names(x) <- c("a", "b")

if (interactive()) {
  shiny <- function() 1
}
test_that("adds", {
  expected <- 1
  expect_equal(add(1, 0), expected)
})
