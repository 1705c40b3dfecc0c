# U-Net (Ronneberger et al. 2015, figure 1): 31,030,658 parameters. Convolutions without a border; what is joined is cropped.
network unet(x: 1x572x572) {
  a = double(x, 64, name="down0")
  b = maxpool(a, 2, stride=2) -> double(128, name="down1")
  c = maxpool(b, 2, stride=2) -> double(256, name="down2")
  d = maxpool(c, 2, stride=2) -> double(512, name="down3")
  y = maxpool(d, 2, stride=2) -> double(1024, name="down4")
  y = up(y, d, 512, 4, 56, name="up3") -> up(c, 256, 16, 104, name="up2") -> up(b, 128, 40, 200, name="up1")
  return up(y, a, 64, 88, 392, name="up0") -> conv(2, 1, bias=true, name="classes")
}

block double(x, c) {
  return conv(x, c, 3, bias=true) -> relu -> conv(c, 3, bias=true) -> relu
}

# The middle of `skipped`, `size` pixels from `first` on in both directions, is joined with what is twice as large now.
block up(x, skipped, c, first, size) {
  y = conv_transpose(x, c, 2, stride=2, bias=true)
  crop = slice(skipped, 2, first, size) -> slice(3, first, size)
  return concat(crop, y) -> double(c, name="double")
}
