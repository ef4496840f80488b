#!/usr/bin/env lua
--- Sells things.
-- @module shop

local json = require("json")
local store = require 'shop.store'
local insert, remove = table.insert, table.remove
-- require("never")
require "side.effects"
local deep = require("a.b").c

--- A shop.
-- @type Shop
local Shop = {}
Shop.__index = Shop

local first, second
local LIMIT <const> = 10
VERSION = "1.0"
config = { quiet = true, start = function() end }
local text = [[ require("string") ]]

--- Makes a shop.
-- @param name its name
-- @return a shop
function Shop.new(name, ...)
  local function inner() return 1 end
  local self = setmetatable({}, Shop)
  return self
end

-- Sells one.
function Shop:sell(item)
  local lazy = require("shop.lazy")
  return lazy(item)
end

---@param x number
---@return number
local function double(x)
  return x * 2
end

-- Too far away.

function globally() end

local triple = function(x) return x * 3 end

Shop.prices.sum = function(self, a)
  return a
end

local M = {
  --- Opens.
  open = function(self) end,
  close = double,
  deeper = { lost = function() end },
  ["x y"] = function() end,
}

if jit then
  function onlyThere() end
end

describe("shop", function()
  local hidden = 1
  local function helper() end
end)

return M
