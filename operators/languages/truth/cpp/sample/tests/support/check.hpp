#pragma once
#include <string>
#include "depot/list.hpp"
R"(
#include "depot/never.h"
)";
