//! Headers that the system brings, as far as repositories have files of the same names.

/// Without their folder and sorted.
const NAMES: &[&str] = &[
    "alloca.h", "ar.h", "assert.h", "byteswap.h", "complex.h", "cpuid.h", "ctype.h", "dirent.h", "dlfcn.h",
    "elf.h", "emmintrin.h", "endian.h", "err.h", "errno.h", "execinfo.h", "fcntl.h", "features.h", "fenv.h",
    "float.h", "fnmatch.h", "ftw.h", "getopt.h", "glob.h", "grp.h", "iconv.h", "ifaddrs.h", "immintrin.h",
    "inttypes.h", "iso646.h", "langinfo.h", "libgen.h", "libintl.h", "limits.h", "link.h", "locale.h",
    "malloc.h", "math.h", "memory.h", "mntent.h", "monetary.h", "mqueue.h", "ndbm.h", "netdb.h", "nl_types.h",
    "obstack.h", "paths.h", "poll.h", "printf.h", "pthread.h", "pty.h", "pwd.h", "regex.h", "resolv.h", "sched.h",
    "search.h", "semaphore.h", "setjmp.h", "shadow.h", "signal.h", "spawn.h", "stdalign.h", "stdarg.h",
    "stdatomic.h", "stdbit.h", "stdbool.h", "stdckdint.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h",
    "stdnoreturn.h", "string.h", "strings.h", "stropts.h", "syscall.h", "sysexits.h", "syslog.h", "termio.h",
    "termios.h", "tgmath.h", "threads.h", "time.h", "uchar.h", "ucontext.h", "ulimit.h", "unistd.h", "utime.h",
    "utmp.h", "utmpx.h", "values.h", "wait.h", "wchar.h", "wctype.h", "windows.h", "winsock2.h", "wordexp.h",
    "x86intrin.h", "xmmintrin.h",
];

/// Folders of the system's headers, sorted.
const FOLDERS: &[&str] =
    &["arpa", "asm", "asm-generic", "bits", "gnu", "linux", "net", "netinet", "netpacket", "rpc", "scsi", "sys"];

/// Headers of the C++ library, sorted.
const CPP: &[&str] = &[
    "algorithm", "any", "array", "atomic", "barrier", "bit", "bitset", "cassert", "ccomplex", "cctype", "cerrno",
    "cfenv", "cfloat", "charconv", "chrono", "cinttypes", "climits", "clocale", "cmath", "codecvt", "compare",
    "complex", "concepts", "condition_variable", "coroutine", "csetjmp", "csignal", "cstdarg", "cstdbool",
    "cstddef", "cstdint", "cstdio", "cstdlib", "cstring", "ctime", "cuchar", "cwchar", "cwctype", "deque",
    "exception", "execution", "expected", "filesystem", "format", "forward_list", "fstream", "functional",
    "future", "generator", "initializer_list", "iomanip", "ios", "iosfwd", "iostream", "istream", "iterator",
    "latch", "limits", "list", "locale", "map", "mdspan", "memory", "memory_resource", "mutex", "new", "numbers",
    "numeric", "optional", "ostream", "print", "queue", "random", "ranges", "ratio", "regex", "scoped_allocator",
    "semaphore", "set", "shared_mutex", "source_location", "span", "spanstream", "sstream", "stack", "stacktrace",
    "stdexcept", "stdfloat", "stop_token", "streambuf", "string", "string_view", "strstream", "syncstream",
    "system_error", "thread", "tuple", "type_traits", "typeindex", "typeinfo", "unordered_map", "unordered_set",
    "utility", "valarray", "variant", "vector", "version",
];

/// Whether an include in angle brackets is one that the system has.
pub(super) fn is_standard(path: &str) -> bool {
    match path.split_once('/') {
        None => NAMES.binary_search(&path).is_ok() || CPP.binary_search(&path).is_ok(),
        Some((folder, _)) => FOLDERS.binary_search(&folder).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(NAMES.is_sorted() && FOLDERS.is_sorted() && CPP.is_sorted());
        assert!(is_standard("sys/queue.h") && is_standard("vector") && !is_standard("zlib.h"));
    }
}
