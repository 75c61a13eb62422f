"""Names of files of published data sets, three lines a set: what it is, an image, a label."""


def rows_of(text):
    """(name of the set, root, image, label, what it has); "{}" stands for a digit."""
    lines = [line.strip() for line in text.strip().splitlines()]
    heads = [[part.strip() for part in line.split("|")] for line in lines[::3]]
    return [(h[0], h[1], i, k, h[2]) for h, i, k in zip(heads, lines[1::3], lines[2::3])]


SETS = rows_of("""
Pascal VOC | VOC2012 | voc
    JPEGImages/2007_00003{}.jpg
    SegmentationClass/2007_00003{}.png
Pascal VOC | x | voc
    JPEGImages/2007_00003{}.jpg
    SegmentationClassAug/2007_00003{}.png
Pascal VOC 2007 | x | voc
    VOC2007/JPEGImages/00003{}.jpg
    VOC2007/SegmentationClass/00003{}.png
COCO-Stuff | x | coco_stuff
    train2017/00000000003{}.jpg
    stuffthingmaps_trainval2017/train2017/00000000003{}.png
COCO-Stuff | coco_stuff164k | coco_stuff_171
    images/train2017/00000000003{}.jpg
    annotations/train2017/00000000003{}_labelTrainIds.png
COCO-Stuff 10k | x | coco_stuff_10k
    images/train2014/COCO_train2014_00000000003{}.jpg
    annotations/train2014/COCO_train2014_00000000003{}_labelTrainIds.png
ADE20K (SceneParse150) | x | ade20k
    images/training/ADE_train_0000000{}.jpg
    annotations/training/ADE_train_0000000{}.png
Cityscapes | x | cityscapes_ids
    leftImg8bit/train/aachen/aachen_00000{}_000019_leftImg8bit.png
    gtFine/train/aachen/aachen_00000{}_000019_gtFine_labelIds.png
Cityscapes | x | cityscapes
    a/aachen_00000{}_000019_leftImg8bit.png
    b/aachen_00000{}_000019_gtFine_labelTrainIds.png
India Driving Dataset (IDD) | x | idd
    leftImg8bit/train/12/frame{}_leftImg8bit.png
    gtFine/train/12/frame{}_gtFine_labellevel3Ids.png
ACDC | x | cityscapes
    rgb_anon/fog/train/GP1/GP1_frame_00000{}_rgb_anon.png
    gt/fog/train/GP1/GP1_frame_00000{}_gt_labelTrainIds.png
Dark Zurich | x | cityscapes_ids
    rgb_anon/val/night/G/G_frame_00000{}_rgb_anon.png
    gt/val/night/G/G_frame_00000{}_gt_labelIds.png
CamVid | x | camvid
    train/0001TP_00669{}.png
    trainannot/0001TP_00669{}.png
CamVid | CamVid | camvid
    images/0016E5_00669{}.png
    labels/0016E5_00669{}.png
KITTI semantics | x | cityscapes_ids
    training/image_2/00000{}_10.png
    training/semantic/00000{}_10.png
BDD100K (10k) | x | cityscapes
    images/10k/train/0000a0f0-00d8b8b{}.jpg
    labels/sem_seg/masks/train/0000a0f0-00d8b8b{}.png
BDD100K (10k) | x | cityscapes
    seg/images/train/0000a0f0-00d8b8b{}.jpg
    seg/labels/train/0000a0f0-00d8b8b{}_train_id.png
Mapillary Vistas | x | mapillary
    training/images/-_1aBcDeFgHiJkLmNoPqR{}.jpg
    training/v1.2/labels/-_1aBcDeFgHiJkLmNoPqR{}.png
SUN RGB-D | x | sunrgbd
    image/train/img-00000{}.jpg
    label37/train/img37labels-00000{}.png
Oxford-IIIT Pet | x | pets
    images/Abyssinian_{}.jpg
    annotations/trimaps/Abyssinian_{}.png
Look into Person (LIP) | x | lip
    train_images/77_4710{}.jpg
    train_segmentations/77_4710{}.png
Crowd Instance-level Human Parsing (CIHP) | x | cihp
    Training/Images/000000{}.jpg
    Training/Category_ids/000000{}.png
ATR human parsing | humanparsing | atr
    JPEGImages/2500_{}.jpg
    SegmentationClassAug/2500_{}.png
RUGD | x | rugd
    RUGD_frames-with-annotations/creek/creek-0000{}.png
    RUGD_annotations/creek/creek-0000{}.png
RELLIS-3D | x | rellis3d
    00000/pylon_camera_node/frame00000{}-1581624_100.jpg
    00000/pylon_camera_node_label_id/frame00000{}-1581624_100.png
TAS500 | tas500v1.1 | tas500
    train/15{}.png
    train_labels_ids/15{}.png
LoveDA | x | loveda
    Train/Rural/images_png/{}.png
    Train/Rural/masks_png/{}.png
ISPRS Potsdam or Vaihingen in patches | potsdam | potsdam
    img_dir/train/2_1{}_0_0_512_512.png
    ann_dir/train/2_1{}_0_0_512_512.png
iSAID | x | isaid
    img_dir/train/P000{}_0_896_0_896.png
    ann_dir/train/P000{}_0_896_0_896_instance_color_RGB.png
LandCover.ai | x | landcoverai
    images/M-33-20-D-c-4-{}.tif
    masks/M-33-20-D-c-4-{}.tif
xView2 / xBD | x | xview2
    train/images/santa-rosa_0000000{}_post_disaster.png
    train/targets/santa-rosa_0000000{}_post_disaster_target.png
FloodNet | FloodNet-Supervised_v1.0 | floodnet
    train/train-org-img/627{}.jpg
    train/train-label-img/627{}_lab.png
Semantic Drone Dataset | x | semantic_drone
    original_images/00{}.jpg
    label_images_semantic/00{}.png
""")
COLORS = rows_of("""
Cityscapes | x | cityscapes
    a/aachen_00000{}_000019_leftImg8bit.png
    b/aachen_00000{}_000019_gtFine_color.png
CamVid | x | camvid32
    701_StillsRaw_full/0001TP_00669{}.png
    LabeledApproved_full/0001TP_00669{}_L.png
KITTI semantics | x | cityscapes
    image_2/00000{}_10.png
    semantic_rgb/00000{}_10.png
ISPRS Potsdam | x | potsdam
    2_Ortho_RGB/top_potsdam_2_1{}_RGB.tif
    5_Labels_all/top_potsdam_2_1{}_label.tif
ISPRS Vaihingen | x | vaihingen
    top/top_mosaic_09cm_area{}.tif
    gts_for_participants/top_mosaic_09cm_area{}.tif
iSAID | x | isaid
    images/P000{}.png
    Semantic_masks/P000{}_instance_color_RGB.png
DeepGlobe land cover | land-cover | deepglobe
    train/11{}_sat.jpg
    train/11{}_mask.png
UAVid | uavid_train | uavid
    seq1/Images/00000{}.png
    seq1/Labels/00000{}.png
Semantic Drone Dataset | x | semantic_drone
    original_images/00{}.jpg
    RGB_color_image_masks/00{}.png
Freiburg Forest | x | freiburg_forest
    train/rgb/b1-0000{}_Clipped.jpg
    train/GT_color/b1-0000{}_mask.png
SUIM | x | suim
    train_val/images/d_r_1{}_.jpg
    train_val/masks/d_r_1{}_.bmp
CWFID | x | cwfid
    images/00{}_image.png
    annotations/00{}_annotation.png
""")
MASKS = rows_of("""
Carvana | x | car
    train/fff9b3a5373{}_16.jpg
    train_masks/fff9b3a5373{}_16_mask.gif
DUTS | x | object
    DUTS-TR/DUTS-TR-Image/a{}.jpg
    DUTS-TR/DUTS-TR-Mask/a{}.png
Inria aerial images | x | building
    train/images/austin{}.tif
    train/gt/austin{}.tif
DeepGlobe roads | road | road
    train/11{}_sat.jpg
    train/11{}_mask.png
Massachusetts roads | massachusetts-roads | road
    train/sat/1022867{}_15.tiff
    train/map/1022867{}_15.tif
Massachusetts buildings | mass_buildings | building
    train/sat/2267891{}_15.tiff
    train/map/2267891{}_15.tif
ISIC | x | lesion
    ISIC2018_Task1-2_Training_Input/ISIC_000000{}.jpg
    ISIC2018_Task1_Training_GroundTruth/ISIC_000000{}_segmentation.png
Kvasir-SEG | Kvasir-SEG | polyp
    images/cju0qkwl35piu0993l0dewei{}.jpg
    masks/cju0qkwl35piu0993l0dewei{}.jpg
CVC-ClinicDB | CVC-ClinicDB | polyp
    Original/{}.tif
    Ground Truth/{}.tif
DRIVE | x | vessel
    training/images/2{}_training.tif
    training/1st_manual/2{}_manual1.gif
STARE | x | vessel
    stare-images/im000{}.ppm
    labels-ah/im000{}.ah.ppm
CHASE_DB1 | x | vessel
    Image_0{}L.jpg
    Image_0{}L_1stHO.png
HRF | x | vessel
    images/0{}_h.jpg
    manual1/0{}_h.tif
LGG MRI segmentation | x | tumour
    TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_{}.tif
    TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_{}_mask.tif
MVTec AD, or a set in its form | x | defect
    bottle/test/crack/00{}.png
    bottle/ground_truth/crack/00{}_mask.png
Magnetic tile defects | x | defect
    MT_Break/Imgs/exp1_num_4727{}.jpg
    MT_Break/Imgs/exp1_num_4727{}.png
Crack500 | x | crack
    traincrop/20160222_08101{}_1_361.jpg
    traincrop/20160222_08101{}_1_361.png
DeepCrack | DeepCrack | crack
    train_img/{}.jpg
    train_lab/{}.png
""")
OBJECTS = rows_of("""
Penn-Fudan | x | pedestrian
    PNGImages/FudanPed0000{}.png
    PedMasks/FudanPed0000{}_mask.png
GlaS | Warwick_QU_Dataset | gland
    train_{}.bmp
    train_{}_anno.bmp
CVPPP leaves | x | leaf
    A1/plant00{}_rgb.png
    A1/plant00{}_label.png
""")
OTHERS = [
    # the users' own data, under names that many data sets have
    ("images/00003{}.jpg", "labels/00003{}.png"),
    ("JPEGImages/00003{}.jpg", "SegmentationClass/00003{}.png"),
    ("JPEGImages/2012_{}.jpg", "SegmentationClass/2012_{}.png"),
    ("images/00003{}_10.png", "labels/00003{}_10.png"),
    ("images/{}.png", "masks/{}.png"),
    ("images/00000000003{}.jpg", "masks/00000000003{}.png"),
    ("images/train2017/00000000003{}.jpg", "annotations/train2017/00000000003{}.png"),
    ("images/0000{}.png", "labels/0000{}.png"),
    ("train/11{}_sat.jpg", "train/11{}_mask.png"),
    ("images/00{}.jpg", "masks/00{}_mask.png"),
    ("images/0{}_h.jpg", "labels/0{}_h.png"),
    ("train_img/{}.jpg", "train_lab/{}.png"),
    ("images/abcdefghijklmnopqrstu{}.jpg", "labels/abcdefghijklmnopqrstu{}.png"),
    ("seq1/Images/00000{}.png", "seq1/Labels/00000{}.png"),
    ("Original/{}.png", "Ground Truth/{}.png"),
    ("traindata/20230101_12000{}.jpg", "traindata/20230101_12000{}.png"),
    ("training/images/abcdefghijklmnopqrstu{}.jpg", "training/labels/abcdefghijklmnopqrstu{}.png"),
    ("images/train_{}.bmp", "labels/train_{}.bmp"),
    ("test/bad/00{}.png", "ground_truth/bad/00{}/000.png"),
]
