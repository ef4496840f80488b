use crate::testing::{Sample, render};

const SHAPES: &str = r#"/// @file
/// Shapes.

#pragma once
#include <vector>
#include "base/point.hpp"

FMT_BEGIN_NAMESPACE

namespace shapes::flat {

class Canvas;
using Points = std::vector<Point>;
template <typename T> using Maybe = std::optional<T>;

/// Has an area.
template <typename T>
class SHAPES_EXPORT Shape : public Base<T>, private Other {
    Q_OBJECT
    int hidden_ = 0;

public:
    Shape() = default;
    explicit Shape(int sides) : sides_(sides) {}
    virtual ~Shape();
    /** The area. */
    [[nodiscard]] virtual T area() const noexcept = 0;
    bool operator==(const Shape &other) const;
    operator bool() const { return true; }
    static constexpr int kSides = 4;  // all of them
    enum class Kind : char { Round, Square };
    struct Inner { int a; };
    friend class Canvas;

protected:
    int sides_{3}, *more_;
};

template <> class Shape<void> {};

concept_like<int> value;
template <class T> concept Sized = requires(T t) { t.size(); };

namespace {
int secret() { return 1; }
}

inline namespace v1 { constexpr double kPi = 3.14; }

template <typename T>
T Shape<T>::area() const noexcept { return T{}; }

std::ostream &operator<<(std::ostream &out, const Shape<int> &shape);
auto later(int a) -> int;
extern "C" int plain(void);
static int file_only;
namespace alias = std::chrono;
}  // namespace shapes::flat

FMT_END_NAMESPACE
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("cpp", SHAPES));
}

#[test]
fn headers_are_read_in_the_language_they_are_in() {
    let cpp = "#ifndef A\n#define A\nnamespace a {\nclass B { public: void f(); };\n}\n#endif\n";
    assert_eq!(
        render("c", cpp),
        "+ module a: namespace a\n  + type B: class B\n    + method f: void f()\n"
    );
    let c = "#ifdef __cplusplus\nnamespace a { class B; }\n#endif\nint class;\nint f(void);\n";
    assert_eq!(render("c", c), "+ variable class: int class\n+ function f: int f(void)\n");
}

#[test]
fn modules_are_the_files_that_say_so() {
    let sample = Sample::new(&[
        (
            "a.cppm",
            "export module shop.core;\nexport import :parts;\nimport <vector>;\nint import = 1;",
        ),
        ("parts.cppm", "module;\n#include \"old.h\"\nexport module shop.core:parts;"),
        ("main.cpp", "import shop.core;\nimport std;\nimport \"old.h\";"),
        ("old.h", ""),
    ]);
    assert_eq!(sample.needs("a.cppm"), ["parts.cppm"]);
    assert_eq!(sample.needs("parts.cppm"), ["old.h"]);
    assert_eq!(sample.needs("main.cpp"), ["a.cppm", "old.h"]);
}

#[test]
fn the_sample_has_the_edges_that_libclang_sees() {
    crate::testing::truth("cpp");
}
