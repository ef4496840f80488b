#include "config.h"
#include "depot/depot.h"
#include <string.h>
#include <platform.h>
#include "util/log.h"
#include "net/../util/hash.h"
#include <tiny.h>
#include <zlib.h>

#define COLORS "colors.def"
#define COLOR(name) name,
enum color {
#include COLORS
};
#undef COLOR

#ifdef _WIN32
#include "../win32/service.h"
#elif defined(__linux__)
# include "util/service.h"
#else
#include "util/other.h"
#endif

#if 0
#include "util/other.h"
#endif

#ifdef HAVE_ZSTD
#include "util/other.h"
#endif

static const char *text = "\
#include \"util/other.h\"\
";

int depot_put(struct thing *thing) { return thing->size; }
