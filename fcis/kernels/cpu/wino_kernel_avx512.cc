#include "fcis/kernels/cpu/wino_avx512.h"
#include "fcis/kernels/cpu/wino_gradient_impl.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"

namespace fcis::kernels {

void WinoTaskAvx512(const WinoTask& task) { Wino<Avx512>::Run(task); }
void WinoGradientAvx512(const WinoGradientTask<float>& task) {
  WinoGradient<Avx512, float>::Run(task);
}
void WinoGradientOfBf16Avx512(const WinoGradientTask<uint16_t>& task) {
  WinoGradient<Avx512, uint16_t>::Run(task);
}

}  // namespace fcis::kernels
