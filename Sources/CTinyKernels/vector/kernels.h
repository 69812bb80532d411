/* All vector kernels: included once for each instruction set. */
#include "attention.h"
#include "bf16.h"
#include "doubles.h"
#include "head.h"
#include "limits.h"
#include "matmul.h"
#include "rows.h"
#include "../kernel_set.h"
