// Returns the visible texts whose contrast with their background is below 4.5 to 1, the minimum of WCAG 2 at level AA.
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const blend = (top, under) => [0, 1, 2].map(it => top[it] * top[3] + under[it] * (1 - top[3]));
  const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = color => [0.2126, 0.7152, 0.0722].reduce((sum, weight, it) => sum + weight * linear(color[it] / 255), 0);
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let count = 0;
  while (texts.nextNode()) {
    const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
    const isVisible = element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length;
    if (!text || !isVisible) continue;
    const ancestors = [];
    for (let it = element; it; it = it.parentElement) ancestors.unshift(getComputedStyle(it));
    const background = ancestors.reduce((under, style) => blend(rgba(style.backgroundColor), under), [255, 255, 255]);
    const color = rgba(getComputedStyle(element).color);
    color[3] *= ancestors.reduce((opacity, style) => opacity * style.opacity, 1);
    const [dark, light] = [luminance(background), luminance(blend(color, background))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    count += 1;
    if (ratio < 4.5) found.push(ratio.toFixed(2) + ": " + text.slice(0, 60));
  }
  return count > 50 ? found : ["only " + count + " texts were checked"];
})()
