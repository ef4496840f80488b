#include <limits.h>
#include "net/socket.h"
