/** `node npm-package.mjs NAME RANGE` says where a package of npm's is unpacked, once it is. */

import { npmPackage } from './packages.mjs';

const [name = '', range = ''] = process.argv.slice(2);
console.log(npmPackage(name, range));
