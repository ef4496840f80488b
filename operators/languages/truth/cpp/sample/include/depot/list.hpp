#ifndef DEPOT_LIST_HPP
#define DEPOT_LIST_HPP
#include <vector>
#include <depot/depot.h>
namespace depot {
template <typename T> class List { std::vector<T> items_; };
}
#include "list.ipp"
#endif
