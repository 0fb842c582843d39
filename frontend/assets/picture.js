// Gives the page the pixels of a picture that somebody chose: frontend/src/pages/wallet/scan.rs reads QR codes in them.
window.cairnPicture = {
  // Resolves to the width, the height and one byte a pixel, with no side longer than `most`. Rejects what is no picture.
  async gray(file, most) {
    const url = URL.createObjectURL(file);
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      const scale = Math.min(1, most / Math.max(image.naturalWidth, image.naturalHeight));
      const width = Math.max(1, Math.round(image.naturalWidth * scale));
      const height = Math.max(1, Math.round(image.naturalHeight * scale));
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext("2d");
      // What is transparent is paper.
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      context.drawImage(image, 0, 0, width, height);
      const { data } = context.getImageData(0, 0, width, height);
      const gray = new Uint8Array(width * height);
      for (let at = 0; at < gray.length; at++) {
        gray[at] = (data[4 * at] * 77 + data[4 * at + 1] * 150 + data[4 * at + 2] * 29) >> 8;
      }
      return { width, height, gray };
    } finally {
      URL.revokeObjectURL(url);
    }
  },
};
