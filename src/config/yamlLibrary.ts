import * as yaml from 'yaml';

// A module of its own, so that the parser is loaded only where there is a file to parse. A bundled
// CommonJS package keeps its named exports in a static import, and loses them in a dynamic one.
export { yaml };
