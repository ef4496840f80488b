(** The shop. *)

open Base

(** A price. *)
type price = private { cents : int }

type t

val add : ?scale:int -> price -> price -> price
(** Adds. *)

val limit : int
(** Most of them. *)

exception Closed

module type Seller = sig
  val sell : price -> t
end

module Shop (S : Seller) : sig
  val sell : price -> t
end

module Item = Store.Item
external write : int -> unit = "c_write"
include Shop.S
include Comparable.S with type t := t

module L = Stdlib.List

class simple : object
  method size : int
end

class counter : int -> object
  method next : unit
end
