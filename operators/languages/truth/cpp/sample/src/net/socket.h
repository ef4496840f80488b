#include "platform.h"
#include "util.h"
