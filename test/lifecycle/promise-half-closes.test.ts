import { endings } from './support/endings.js';
import { promiseTests } from './support/promise.js';

promiseTests(endings.halfCloses);
