#include "check.hpp"
#include "../src/depot.c"
#  /* odd */ include /* but right */ "util/log.h"
#include \
  "net/util.h"
int main() { return 1'000 - 1'000; }
