import { SIMILARITY_FIXTURES, STARTER } from '../helpers/models.js';
import { describeSimilarity } from '../helpers/similarity-suite.js';

describeSimilarity(SIMILARITY_FIXTURES, STARTER);
