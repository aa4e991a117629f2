import * as yaml from 'yaml';

// A separate module, so that the parser is loaded only for a file. A bundled CommonJS package keeps its named
// exports in a static import and loses them in a dynamic one.
export { yaml };
