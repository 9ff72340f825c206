// What is said aloud and notified of what happens: read when somebody is signed in, since the door
// has nothing of this to say.
export { sayCountdown, sayNews, sayPosition } from './announce';
export { notifyNews } from './notify';
