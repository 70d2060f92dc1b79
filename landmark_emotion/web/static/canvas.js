// What every drawing needs: sharp canvases and the pictures of the emotions.

/** Give a canvas one pixel per pixel of the screen; return their density and its new size. */
export function fit(canvas) {
  const dense = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * dense);
  const height = Math.round(canvas.clientHeight * dense);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return { dense, width, height };
}

/** Return where the pixels of a picture are in an area that shows all of it, as large as it can. */
export function placement(picture, area, mirrored) {
  const scale = Math.min(area.width / picture.width, area.height / picture.height);
  const left = (area.width - scale * picture.width) / 2;
  const top = (area.height - scale * picture.height) / 2;
  const place = ([x, y]) => [
    left + scale * (mirrored ? picture.width - 1 - x : x),
    top + scale * y,
  ];
  return { scale, place };
}

const emojis = new Map();

/** Return the picture of an emotion, which is kept, so that it is there without the server. */
export function emoji(name) {
  if (!emojis.has(name)) {
    const image = new Image();
    image.alt = "";
    image.src = `/emoji/${encodeURIComponent(name)}.png`;
    emojis.set(name, image);
  }
  return emojis.get(name);
}
