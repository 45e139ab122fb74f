// What prediction needs of the kernels, compiled for a memory that is not shared: then neither threads nor a page that
// is isolated from others are needed.
export { forward } from './forward';
