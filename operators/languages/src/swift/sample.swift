// The shop.
import Foundation
@testable import struct Shop.Item
@_exported import NIOCore

/// A price.
///
/// In cents.
public struct Price: Hashable, Sendable {
    /// How many cents.
    public private(set) var cents: Int = 0
    let currency: String, symbol: Character
    private static let zero = Price(cents: 0)

    /// Makes one.
    public init(cents: Int) {
        self.cents = cents
    }

    deinit { print("import Never") }

    @discardableResult
    public mutating func add(_ other: Price, twice: Bool = false) throws -> Price {
        func inner() {}
        let local = 1
        return self
    }

    var isFree: Bool {
        let x = 1
        return cents == x
    }

    subscript(index: Int) -> Int { cents }
    static func == (lhs: Price, rhs: Price) -> Bool { true }
}

/** Sells things. */
protocol Seller: AnyObject {
    associatedtype Goods
    var name: String { get }
    /// Sells one.
    func sell(_ goods: Goods) async throws -> Price
    init(name: String)
}

@objc open class Shop<T>: Base where T: Seller {
    weak var delegate: Delegate?
    fileprivate func hidden() {}
    override open func open() -> Bool { true }
    class Inner {}
}

indirect enum Tree {
    /// Nothing below.
    case leaf
    case node(Tree, Tree), special(Int)
}

enum Code: Int { case ok = 200, missing = 404 }

extension Shop: Seller where T == Int {
    func sell(_ goods: Int) -> Price { .init(cents: goods) }
}

actor Counter {
    private var count = 0
}

public typealias Handler = (Price) -> Void
let limit = 10
public func total<S: Sequence>(_ prices: S) -> Int where S.Element == Price { 0 }
infix operator <+>
#if os(Linux)
import Glibc
func onLinux() {}
#endif
