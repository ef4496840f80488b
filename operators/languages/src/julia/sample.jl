"""
The shop.
"""
module Shop

using LinearAlgebra
import Base
using Base: show, @propagate_inbounds
import Base.Iterators as It
import ..Store: Key, fetch as get
using .Tools, ..Other
export add, Price, @twice
public limit
include("store.jl")
include(joinpath(@__DIR__, "log.jl"))
# include("never.jl")

"""
    Price(cents)

A price.
"""
struct Price{T<:Real} <: Number
    "The cents."
    cents::T
    currency
    Price(x) = new{Int}(x, "EUR")
end

mutable struct Counter
    count::Int
end

Base.@kwdef struct Options
    quiet::Bool = false
end

"Things."
abstract type Thing{T} <: Any end
primitive type Bits 8 end

const limit = 10
const Alias = Vector{Int}
counter = 0
const most::Int = 3

half(x)::Int = x / 2
"Adds."
add(a, b) = a + b
add(a::T, b::T; scale=1) where {T<:Number} = (a + b) * scale

"""
Multiplies.
"""
function mul(a::Int, b::Int)::Int
    inner(x) = x
    local y = 1
    function nested() end
    a * b
end

function declared end
Base.show(io::IO, p::Price) = print(io, p.cents)
function Base.length(p::Price)
    include("lazy.jl")
    1
end
@inline function fast(x) x end
(p::Price)(x) = x
Base.:+(a::Price, b::Price) = a

"Twice."
macro twice(ex)
    quote
        $ex
    end
end

anonymous = x -> x + 1
if VERSION > v"1.0"
    newer() = 1
end

baremodule Inner
deep() = 1
end

@enum Color red green
text = "include(\"no.jl\")"
end # module
