#pragma once
#include "config.h"
struct thing { int size; };
