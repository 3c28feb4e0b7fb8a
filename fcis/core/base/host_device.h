// FCIS_HD marks an inline function that ref, cpu and CUDA code share, so that
// a machine without a GPU tests the arithmetic that a GPU runs.
#ifndef FCIS_CORE_BASE_HOST_DEVICE_H_
#define FCIS_CORE_BASE_HOST_DEVICE_H_

#if defined(__CUDACC__)
#define FCIS_HD __host__ __device__
#else
#define FCIS_HD
#endif

#endif  // FCIS_CORE_BASE_HOST_DEVICE_H_
