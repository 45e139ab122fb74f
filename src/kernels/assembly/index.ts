// The kernels, compiled twice: with relaxed SIMD (fused multiply-add) and without. Pointers in, nothing out; no
// allocation, no static data: every instance shares one memory with the others.
export { forward } from './forward';
export { backward } from './backward';
export { drop, dropDelta } from './dropout';
export { fmaPeak } from './peak';
export { gradient, gradientStep, biasGradient, biasGradientStep } from './gradient';
export * from './update';
export { gatherBytes, gatherFloats } from './gather';
export { softmaxClasses, softmaxValues, linearValues, sigmoidValues } from './outputs';
export { addBiasActivate, multiplyDerivative, scaledCopy, scaleRow, columnTotals, plainStep, clearColumns } from './rows';
