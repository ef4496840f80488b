/// The shop.
library shop.core;

import 'dart:async';
import 'package:meta/meta.dart' as meta show immutable, protected hide required;
import 'src/store.dart' if (dart.library.io) 'src/store_io.dart' deferred as store;
export 'src/item.dart' show Item;
part 'src/price.g.dart';
// import 'never.dart';

/// A price.
///
/// In cents.
@immutable
abstract class Price<T extends num> extends Base with Mixin implements Comparable<Price> {
  /// Makes one.
  const Price(this.cents, {this.currency = 'EUR'});
  Price.zero() : this(0);
  factory Price.of(int x) => Price(x);

  /// The cents.
  final T cents;
  static const int limit = 10, most = 20;
  late String _currency, symbol;

  int get rounded => cents.round();
  set rounded(int value) {
    final local = value;
  }

  @override
  int compareTo(Price other) {
    void inner() {}
    return 0;
  }

  Price operator +(Price other);
  external void native();
  static Future<void> load() async {
    await import('x');
  }
  void _hidden() {}
}

/** Sells. */
mixin Seller on Price {
  void sell();
}

enum Color {
  /// Like blood.
  red(1),
  green(2);

  const Color(this.value);
  final int value;
}

extension Twice on int {
  int get twice => this * 2;
}

extension type Id(int value) {
  bool get valid => value > 0;
}

typedef Handler = void Function(Price price);
typedef int Old(int x);

sealed class _Private {}
final class Alias = Price with Seller;
const version = '1.0';
var counter = 0, other = 1;
late final String name;
int get total => 1;
set total(int x) {}

/// Runs.
void main(List<String> arguments) async {
  final text = "import 'no.dart';";
}
T identity<T>(T x) => x;
