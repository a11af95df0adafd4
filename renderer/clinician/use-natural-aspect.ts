/** Width by height of a picture whose judgement is not at hand; 1 until it is known. */
import { useEffect, useState } from 'react';

export function useNaturalAspect(src: string | null): number {
  const [known, setKnown] = useState<{ readonly src: string; readonly aspect: number } | null>(null);
  useEffect(() => {
    if (src === null) return undefined;
    const image = new Image();
    const read = (): void => {
      if (image.naturalHeight > 0) setKnown({ src, aspect: image.naturalWidth / image.naturalHeight });
    };
    image.addEventListener('load', read);
    image.src = src;
    return () => image.removeEventListener('load', read);
  }, [src]);
  return known?.aspect ?? 1;
}
