# YOLOv3-tiny (Redmon and Farhadi 2018) for 80 classes: 8,852,366 parameters. Boxes are decoded by whoever reads the two results.
network yolov3_tiny(x: 3x416x416) {
  x = unit(x, 16) -> maxpool(2, stride=2) -> unit(32) -> maxpool(2, stride=2) -> unit(64) -> maxpool(2, stride=2)
  early = unit(x, 128) -> maxpool(2, stride=2) -> unit(256)
  x = maxpool(early, 2, stride=2) -> unit(512)
  # Windows of 2 at every pixel: a pixel more on the right and below.
  x = maxpool(x, 2, stride=1, pad=[0, 0, 1, 1]) -> unit(1024) -> unit(256, 1)
  coarse = unit(x, 512) -> conv(255, 1, bias=true)
  fine = concat(unit(x, 128, 1) -> upsample(2), early) -> unit(256) -> conv(255, 1, bias=true)
  return coarse, fine
}

block unit(x, c, window=3) {
  return conv(x, c, window, pad=(window - 1) / 2) -> bn -> leaky_relu(alpha=0.1)
}
