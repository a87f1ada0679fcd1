import { useEffect, useState } from "react";
import type { ImageBlock } from "../src/index.js";

export function ImageView({ image }: { readonly image: ImageBlock }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([new Uint8Array(image.data)], { type: image.media_type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [image]);
  return url === undefined ? null : <img src={url} alt="An image that was part of this message" />;
}
