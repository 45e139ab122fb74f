/** The version of this package, as it is written into files; a test holds it to package.json. */
export const VERSION = '0.2.0';
