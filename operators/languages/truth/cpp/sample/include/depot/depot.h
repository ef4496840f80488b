/* Keeps things. */
#ifndef DEPOT_DEPOT_H
#define DEPOT_DEPOT_H

#include <stddef.h>
#include <depot/types.h>
#include "types.h" /* the same once more */
/* #include "depot/never.h" */
// #include "depot/never.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts a thing into the depot. */
int depot_put(struct thing *thing);

#ifdef __cplusplus
}
#endif
#endif
