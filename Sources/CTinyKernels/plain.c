/* The definition of every kernel, and what runs on processors without vector instructions that we know. */
#include "plain/attention.h"
#include "plain/bf16.h"
#include "plain/doubles.h"
#include "plain/head.h"
#include "plain/limits.h"
#include "plain/matmul.h"
#include "plain/rows.h"

#define KERNEL_SET tk_plain_kernels
#include "kernel_set.h"
