// @ts-check
/** What "Load the example" puts into the form. */
export const example = {
  query: 'How do I get my money back?',
  documents: [
    'Our shop opens at nine and closes at six, on Saturdays at four.',
    'A parcel that has not moved for five days counts as lost. Write to us, and we send the order again.',
    'Gift cards are valid for three years and cannot be exchanged for cash.',
    'To change your password, open your account page and choose Security.',
    'An item in the wrong size can be exchanged for another within 30 days, without further shipping costs.',
    'Repairs under warranty take about two weeks. We send you a message when your bicycle is ready.',
    'You may send an item back within 30 days of delivery. The return label is in your account.',
    'Simmer the lentils for twenty minutes, then stir in spinach, lemon and salt.',
    'Refunds go to the card or account that you paid with, three to five working days after we have received the return.',
    'The new bicycle stands for the yard arrive in May.',
  ].join('\n'),
};
