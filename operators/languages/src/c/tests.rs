use crate::testing::{Sample, render};

const STACK: &str = r#"/*
 * Copyright nobody.
 */

/* Stacks of things. */

#ifndef STACK_H
#define STACK_H

#include <stddef.h>
#include "item.h" /* not "this.h" */
// #include "never.h"
#if 0
#include "zero.h"
#endif
#ifdef _WIN32
# include "windows.inc"
#else
# include "unix.inc"
#endif
#ifdef HAVE_EXTRA
#include "extra.h"
#endif
#define CONFIG "config.h"
#include CONFIG

#ifdef __cplusplus
extern "C" {
#endif

/* How many there can be. */
#define STACK_MAX 16
#define STACK_EMPTY(s) \
    ((s)->count == 0)

/**
 * A stack.
 */
typedef struct stack {
    struct item **items; /* what is in it */
    size_t count, room;  ///< both of them
    union {
        int a;
        long b;
    };
    int (*compare)(const void *, const void *);
    unsigned flag : 1;
} stack_t;

typedef struct {
    int x;
} point;

enum color {
    RED, /* like blood */
    GREEN = 2,
};

typedef int (*visitor)(struct item *item);
struct forward;

/* Makes one. */
STACK_API stack_t *stack_new(size_t room);
STACK_EXTERN(int) stack_push(stack_t *stack,
                             struct item *item);
extern const char *stack_name;
static const int stack_limits[2] = {1, 2};
static inline int stack_pop(stack_t *stack) { int inner; return 0; }
int (stack_peek)(stack_t *stack);

#ifdef __cplusplus
}
#endif
#endif
"#;

#[test]
fn definitions_and_imports() {
    insta::assert_snapshot!(render("c", STACK));
}

const BROKEN: &str = r"
BEGIN_DECLS
DEFINE_THING(a, b)

#ifdef WIDE
int first(long a) {
#else
int first(int a) {
#endif
    if (a) {
#if X
    }
#else
        b(); }
#endif
}

static int
#ifdef _WIN32
second_windows(void)
#else
second(void)
#endif
{
    return 0;
}

void third(int a
#ifdef MORE
    , int b
#endif
    );

struct PACKED fourth {
    int a;
#ifdef MORE
    int b;
#endif
};

int old(a, b)
    int a, b;
{
    return a;
}
int last(
";

#[test]
fn conditions_that_break_up_code_do_not_break_the_outline() {
    insta::assert_snapshot!(render("c", BROKEN));
}

#[test]
fn definitions_in_broken_code_are_seen() {
    let source = "extern \"C\" {\nstruct a { int b; };\nint f(void) { return 1; }\nstruct c {\n";
    assert_eq!(
        render("c", source),
        "+ type a: struct a\n  + variable b: int b\n+ function f: int f(void)\n"
    );
}

#[test]
fn quoted_includes_are_beside_the_file_or_in_include_folders() {
    let sample = Sample::new(&[
        (
            "src/a.c",
            "#include \"b.h\"\n#include \"x/b.h\"\n#include \"../top.h\"\n#include \"b.h\"",
        ),
        ("src/b.h", ""),
        ("include/x/b.h", "#include <x/c.h>\n#include <stdio.h>\n#include \"../../src/b.h\""),
        ("include/x/c.h", "#import \"b.h\""),
        ("include/stdio.h", ""),
        ("lib/stdio.h", ""),
        ("lib/string.h", ""),
        (
            "lib/a.c",
            "#include <string.h>\n#include \"string.h\"\n#include \"table.inc\"\n#include \"gone.h\"",
        ),
        ("lib/table.inc", "1, 2, 3"),
        ("top.h", "#include \"./gone.h\""),
    ]);
    assert_eq!(sample.needs("src/a.c"), ["include/x/b.h", "src/b.h", "top.h"]);
    assert_eq!(sample.needs("include/x/b.h"), ["include/stdio.h", "include/x/c.h", "src/b.h"]);
    assert_eq!(sample.needs("include/x/c.h"), ["include/x/b.h"]);
    assert_eq!(sample.needs("lib/a.c"), ["lib/string.h", "lib/table.inc"]);
    let why = ("import ./gone.h []".to_owned(), "no file at \"./gone.h\"".to_owned());
    assert_eq!(sample.unresolved("top.h"), [why]);
}

#[test]
fn macros_of_included_files_make_branches_active() {
    let sample = Sample::new(&[
        (
            "src/tls.c",
            "#include \"common.h\"\n#if defined(TLS_X509)\n#include \"x509.h\"\n#endif\n\
             #if TLS_OLD\n#include \"old.h\"\n#endif\n#ifdef HAVE_ZLIB\n#include \"zip.h\"\n#endif\n\
             #include TLS_TIMER\n#include TLS_CIRCLE\n",
        ),
        ("src/common.h", "#pragma once\n#include \"config.h\"\n#include \"common.h\"\n"),
        (
            "src/config.h",
            "#ifndef CONFIG\n#define CONFIG\n#include \"tls.c\"\n#define TLS_ALL 1\n#ifdef _WIN32\n\
             #define TLS_OLD 1\n#endif\n#ifndef TLS_X509\n#define TLS_X509 (TLS_ALL)\n#endif\n\
             #define TLS_TIMER \"timer.h\"\n#define TLS_CIRCLE TLS_CIRCLE\n#endif\n",
        ),
        ("src/early.c", "#ifdef TLS_X509\n#include \"x509.h\"\n#endif\n#include \"config.h\"\n"),
        ("src/x509.h", ""),
        ("src/old.h", ""),
        ("src/zip.h", ""),
        ("src/timer.h", ""),
    ]);
    assert_eq!(sample.needs("src/tls.c"), ["src/common.h", "src/timer.h", "src/x509.h"]);
    assert_eq!(sample.needs("src/early.c"), ["src/config.h"]);
}

#[test]
fn of_several_builds_the_one_for_linux_is_meant() {
    let sample = Sample::new(&[
        ("py/a.c", "#include <port.h>"),
        ("py/b.c", "#include <near.h>"),
        ("cross/port.h", ""),
        ("ports/esp/port.h", ""),
        ("ports/unix/port.h", ""),
        ("py/other/near.h", ""),
        ("unix/near.h", ""),
    ]);
    assert_eq!(sample.needs("py/a.c"), ["ports/unix/port.h"]);
    assert_eq!(sample.needs("py/b.c"), ["py/other/near.h"]);
}
