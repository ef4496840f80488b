#include "tiny_impl.h"
