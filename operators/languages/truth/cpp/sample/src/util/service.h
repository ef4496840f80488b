#define SERVICE 1
#if SERVICE > 0 && !defined(NO_LOG)
#include "log.h"
#endif
