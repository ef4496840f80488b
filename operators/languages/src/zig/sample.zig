//! The shop.
//! Sells.

const std = @import("std");
const builtin = @import("builtin");
const Item = @import("store/item.zig").Item;
pub const Kind = @import("store/kind.zig").Kind;
pub const tools = @import("tools.zig");
const assert = std.debug.assert;
// @import("never.zig")

/// How many.
pub const limit: u32 = 10;
var counter: usize = 0;
threadlocal var here: u8 = 0;

/// A price.
/// In cents.
pub const Price = struct {
    /// The cents.
    cents: u64,
    currency: []const u8 = "EUR",

    const Self = @This();
    pub const zero: Price = .{ .cents = 0 };

    /// Adds.
    pub fn add(self: *Self, other: Price) Self {
        const local = struct {
            fn inner() void {}
        };
        _ = local;
        return other;
    }

    fn hidden() void {}
};

const Color = enum(u8) {
    /// Like blood.
    red,
    green = 2,

    pub fn next(self: Color) Color {
        return self;
    }
};

pub const Value = union(enum) {
    int: i64,
    none,
};

const Handle = opaque {};
pub const Error = error{ OutOfStock, Closed };
const Callback = fn (u8) void;

/// Of any type.
pub fn List(comptime T: type) type {
    return struct {
        items: []T,
        pub fn append(self: *@This(), item: T) !void {}
    };
}

pub extern "c" fn write(fd: c_int) isize;
export fn entry() callconv(.C) void {}
pub inline fn twice(x: u8) u8 {
    const lazy = @import("lazy.zig");
    return x * 2 + lazy.x;
}

usingnamespace @import("mixin.zig");

comptime {
    _ = @import("tests.zig");
}

test "adds" {
    const y = 1;
    try std.testing.expect(y == 1);
}

test List {
    _ = 1;
}
