/** Where things are sold. */
package com.example.shop

import scala.collection.mutable
import java.util.{List => JList, Map, _}
import com.example.{store, tools}, store.Key
// import never.happens

/** An item.
  * On two lines.
  */
@deprecated("old", "1.0")
sealed abstract class Item[T <: Thing](val name: String, private var count: Int = 1)(implicit ord: Ordering[T])
    extends Base(name) with Ordered[Item[T]] {
  import Item._

  // Not a doc comment.
  private val secret = "import x.y"
  protected def hidden(x: Int): Int = x + 1

  /** Compares. */
  override def compare(that: Item[T]): Int = {
    def inner(x: Int) = x
    val local = 1
    inner(local)
  }
  def bare
  var a, b = 2
  val (left, right) = (1, 2)
  private[shop] lazy val late: Option[Int] = None
  type Id = Long
  def this(name: String) = this(name, 0)
}

object Item extends Helper {
  final val Limit = 10
  case object Empty
  implicit class Rich(val x: Int) extends AnyVal { def twice: Int = x * 2 }
  implicit val order: Ordering[Int] = new Ordering[Int] { def compare(a: Int, b: Int) = a }
}

case class Point(x: Int, y: Int)

/** Sells. */
trait Seller[-A] { self: Shop =>
  def sell(a: A): Unit
  type Price <: Int
  val rate: Double
  var left: Int
}

package object util {
  def helper(x: Int): Int = x
}

enum Color(val rgb: Int):
  /** Like blood. */
  case Red extends Color(0xff0000)
  case Green, Blue
  case Mixed(a: Color, b: Color)

given intOrd: Ord[Int] with
  def compare(x: Int, y: Int): Int = x

extension (p: Point)
  def norm: Double = math.sqrt(p.x)

opaque type Name = String
def topLevel(using ctx: Context): Unit = println("hi")
private val top = 1
