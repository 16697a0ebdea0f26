/* The public headers are C++11 as well. */
#include "public.c"
