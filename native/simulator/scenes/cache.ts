/** Keeps the last few drawn pictures, since a simulated patient is photographed more than once. */

const KEPT = 8;
const pictures = new Map<string, Promise<Buffer>>();

/** The picture of this scene, drawn at most once while it is kept. A failed drawing is not kept. */
export function cached(scene: object, draw: () => Promise<Buffer>): Promise<Buffer> {
  const key = JSON.stringify(scene);
  const known = pictures.get(key);
  if (known !== undefined) return known;
  const picture = draw();
  pictures.set(key, picture);
  picture.catch(() => pictures.delete(key));
  const oldest = pictures.keys().next();
  if (pictures.size > KEPT && oldest.done !== true) pictures.delete(oldest.value);
  return picture;
}
