#ifndef TINY_KERNELS_H
#define TINY_KERNELS_H
#include <stddef.h>
#include <stdint.h>
#endif
