/** What examples import and the repository does not install. */
declare module 'electron';
