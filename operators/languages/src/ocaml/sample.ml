(** The shop.
    Sells things. *)

open Base
open! Stdio
open Shop.Store
include Helpers
include Comparable.Make (Item)
module L = Stdlib.List
(* open Never *)

(** A price. *)
type price = { cents : int; mutable currency : string }

type 'a tree =
  | Leaf  (** Nothing. *)
  | Node of 'a tree * 'a tree
and name = string

type t = ..
type handle
type alias = int list

exception Closed of string

external write : int -> string -> unit = "c_write"

(** Adds.
    Twice. *)
let add ?(scale = 1) (a : price) b : price =
  let open List in
  let local x = x + 1 in
  { a with cents = local a.cents }

let rec even n = n = 0 || odd (n - 1)
and odd n = n <> 0 && even (n - 1)

let limit = 10
let x, y = 1, 2
let ( + ) a b = a - b
let () = print_endline "open Nothing"
let _hidden = fun a -> a

let double = function
  | 0 -> 0
  | n -> n * 2

(** Sells. *)
module type Seller = sig
  type goods

  (** Sells one. *)
  val sell : goods -> price
end

module Shop (S : Seller) : Seller with type goods = S.goods = struct
  type goods = S.goods

  let sell g = S.sell g

  module Inner = struct
    let deep = 1
  end
end

class counter (start : int) =
  object (self)
    val mutable count = start
    method private hidden = count
    (** Counts. *)
    method next = count <- count + 1
  end

class type sized = object method size : int end

let%test "adds" = true
[@@deprecated "old"]
