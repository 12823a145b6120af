import { describeListwise } from '../helpers/listwise-suite.js';
import { LISTWISE_FIXTURES } from '../helpers/models.js';

describeListwise(LISTWISE_FIXTURES, 'fixtures', { others: 700, repeated: 1, repeatedTokens: 330 });
