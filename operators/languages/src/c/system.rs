//! Macros, headers and folders that systems and compilers are known by.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

fn words(text: &'static str) -> HashSet<&'static str> {
    text.split_whitespace().collect()
}

/// Macros of other systems, processors and compilers, which are never defined on Linux on x86-64.
pub(super) static FOREIGN_MACROS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "AMIGA MSDOS NeXT OS2 RC_INVOKED SWIG UNDER_CE VMS WIN32 WIN64 WINCE _AIX _AMIGA _MSC_VER \
    _M_ARM _M_ARM64 _M_IX86 _M_X64 _WIN32 _WIN32_WCE _WIN64 _WINDOWS __ANDROID__ __APPLE_CC__ \
    __APPLE__ __ARM_ARCH __ARM_NEON __ARM_NEON__ __BEOS__ __BIG_ENDIAN__ __BORLANDC__ __CUDACC__ \
    __CUDA_ARCH__ __CYGWIN__ __DJGPP__ __DMC__ __DragonFly__ __EMSCRIPTEN__ __FreeBSD__ \
    __FreeBSD_kernel__ __Fuchsia__ __HAIKU__ __HIPCC__ __IBMCPP__ __IBMC__ __ICC \
    __INTEL_COMPILER __MACH__ __MINGW32__ __MINGW64__ __MORPHOS__ __MSDOS__ __NVCC__ __NetBSD__ \
    __OBJC__ __OS2__ __OpenBSD__ __PPC__ __QNXNTO__ __QNX__ __SUNPRO_C __SUNPRO_CC __SVR4 \
    __SYMBIAN32__ __TINYC__ __TURBOC__ __VMS __VXWORKS__ __WATCOMC__ __WIN32__ __aarch64__ \
    __alpha__ __amigaos__ __arm64__ __arm__ __clang_analyzer__ __hppa__ __hpux __i386 __i386__ \
    __ia64__ __loongarch__ __m68k__ __mips __mips__ __nacl__ __native_client__ __powerpc64__ \
    __powerpc__ __ppc64__ __ppc__ __riscos__ __riscv __s390__ __s390x__ __sgi __sh__ __sparc \
    __sparc__ __sun __sun__ __vms __wasi__ __wasm32__ __wasm__ __xlC__ i386 macintosh sun",
    )
});

/// Macros that are always defined there, and their values.
pub(super) static NATIVE_MACROS: LazyLock<HashMap<&str, i64>> = LazyLock::new(|| {
    let macros = words(
        "_LP64=1 __BYTE_ORDER__=1234 __CHAR_BIT__=8 __ELF__=1 __GNUC_MINOR__=2 __GNUC__=4 \
    __INT_MAX__=2147483647 __LITTLE_ENDIAN__=1 __LP64__=1 __ORDER_BIG_ENDIAN__=4321 \
    __ORDER_LITTLE_ENDIAN__=1234 __SIZEOF_INT128__=16 __SIZEOF_INT__=4 __SIZEOF_LONG__=8 \
    __SIZEOF_POINTER__=8 __SSE2__=1 __SSE__=1 __STDC_HOSTED__=1 __STDC__=1 __amd64=1 __amd64__=1 \
    __clang__=1 __clang_major__=18 __gnu_linux__=1 __linux=1 __linux__=1 __unix=1 __unix__=1 \
    __x86_64=1 __x86_64__=1 linux=1 unix=1",
    );
    let pairs = macros.into_iter().filter_map(|pair| pair.split_once('='));
    pairs.filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect()
});

/// Headers that the system brings, of C and C++, as far as repositories have files of the same names.
pub(super) static HEADERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "alloca.h ar.h assert.h byteswap.h complex.h cpuid.h ctype.h dirent.h dlfcn.h elf.h \
    emmintrin.h endian.h err.h errno.h execinfo.h fcntl.h features.h fenv.h float.h fnmatch.h \
    ftw.h getopt.h glob.h grp.h iconv.h ifaddrs.h immintrin.h inttypes.h iso646.h langinfo.h \
    libgen.h libintl.h limits.h link.h locale.h malloc.h math.h memory.h mntent.h monetary.h \
    mqueue.h ndbm.h netdb.h nl_types.h obstack.h paths.h poll.h printf.h pthread.h pty.h pwd.h \
    regex.h resolv.h sched.h search.h semaphore.h setjmp.h shadow.h signal.h spawn.h stdalign.h \
    stdarg.h stdatomic.h stdbit.h stdbool.h stdckdint.h stddef.h stdint.h stdio.h stdlib.h \
    stdnoreturn.h string.h strings.h stropts.h syscall.h sysexits.h syslog.h termio.h termios.h \
    tgmath.h threads.h time.h uchar.h ucontext.h ulimit.h unistd.h utime.h utmp.h utmpx.h \
    values.h wait.h wchar.h wctype.h windows.h winsock2.h wordexp.h x86intrin.h xmmintrin.h \
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat \
    charconv chrono cinttypes climits clocale cmath codecvt compare complex concepts \
    condition_variable coroutine csetjmp csignal cstdarg cstdbool cstddef cstdint cstdio cstdlib \
    cstring ctime cuchar cwchar cwctype deque exception execution expected filesystem format \
    forward_list fstream functional future generator initializer_list iomanip ios iosfwd \
    iostream istream iterator latch limits list locale map mdspan memory memory_resource mutex \
    new numbers numeric optional ostream print queue random ranges ratio regex scoped_allocator \
    semaphore set shared_mutex source_location span spanstream sstream stack stacktrace \
    stdexcept stdfloat stop_token streambuf string string_view strstream syncstream system_error \
    thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray \
    variant vector version",
    )
});

/// Folders of the system's headers.
pub(super) static HEADER_FOLDERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words("arpa asm asm-generic bits gnu linux net netinet netpacket rpc scsi sys")
});

/// Names of folders for other systems and processors.
pub(super) static FOREIGN_FOLDERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    words(
        "aarch64 aix alpha amiga android apple arm arm64 armv7 avr beos bsd cygwin darwin djgpp dos \
    emscripten freebsd haiku hppa hpux i386 i686 ia64 ios irix loongarch loongarch64 m68k mac \
    macos macosx mingw mingw32 mips mips64 msdos msvc netbsd neon openbsd os2 osx ppc ppc64 \
    powerpc qnx riscv riscv64 s390 s390x sh solaris sparc sparc64 symbian uwp vms vxworks wasi \
    wasm wasm32 win win32 win64 wince windows winrt xtensa",
    )
});

/// Whether an include in angle brackets is one that the system has.
pub(super) fn is_standard(path: &str) -> bool {
    match path.split_once('/') {
        None => HEADERS.contains(path),
        Some((folder, _)) => HEADER_FOLDERS.contains(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words() {
        assert!(is_standard("sys/queue.h") && is_standard("vector") && !is_standard("zlib.h"));
        assert!(FOREIGN_MACROS.contains("_WIN32") && FOREIGN_FOLDERS.contains("win32"));
        assert_eq!(NATIVE_MACROS.get("__INT_MAX__"), Some(&2_147_483_647));
        let all = NATIVE_MACROS.keys().chain(FOREIGN_MACROS.iter()).chain(HEADERS.iter());
        assert!(all.clone().all(|word| !word.contains('\\')) && all.count() > 250);
    }
}
