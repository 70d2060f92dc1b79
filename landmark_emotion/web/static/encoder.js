// A worker that turns pictures into JPEG files, so that the page does not wait for it.

const QUALITY = 0.85;

let canvas = null;
let pen = null;

onmessage = async ({ data: { picture, number } }) => {
  const { width, height } = picture;
  if (canvas?.width !== width || canvas?.height !== height) {
    canvas = new OffscreenCanvas(width, height);
    pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }
  pen.drawImage(picture, 0, 0);
  picture.close();
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  postMessage({ blob, number });
};
