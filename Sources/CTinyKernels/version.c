#include "tiny_kernels.h"
