#include "depot/types.h"
#include <net/socket.h>
