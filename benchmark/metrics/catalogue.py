"""Every metric of the leaderboard by name, in the order of its rows."""

from dataclasses import dataclass

from benchmark.metrics.localisation import AP_IOUS, AR_PROPOSALS


@dataclass(frozen=True)
class Metric:
    """``best`` is the value of a detector that is always right and sure of it."""

    title: str
    level: str
    best: float = 1.0


METRICS = {
    "accuracy": Metric("Video accuracy at 0.5", "video"),
    "accuracy_val": Metric("Video accuracy at the threshold chosen on val", "video"),
    "balanced_accuracy": Metric("Balanced video accuracy at 0.5", "video"),
    "accuracy_plain": Metric("Share of videos called right at 0.5", "video"),
    "auc": Metric("Video AUC", "video"),
    "eer": Metric("Video equal error rate", "video", 0.0),
    "ap": Metric("Video average precision", "video"),
    "tpr_at_fpr_1": Metric("Videos found at 1 % false alarms", "video"),
    "tpr_at_fpr_5": Metric("Videos found at 5 % false alarms", "video"),
    "brier": Metric("Brier score", "video", 0.0),
    "ece": Metric("Expected calibration error", "video", 0.0),
    "brier_scaled": Metric("Brier score after temperature scaling on val", "video", 0.0),
    "ece_scaled": Metric("Expected calibration error after temperature scaling on val", "video", 0.0),
    "frame_auc": Metric("Frame AUC", "frame"),
    "frame_ap": Metric("Frame average precision", "frame"),
    "frame_auc_within": Metric("Frame AUC within fake videos", "frame"),
    "frame_ap_within": Metric("Frame average precision within fake videos", "frame"),
    **{f"ap_at_iou_{n}": Metric(f"Segment average precision at IoU {n / 100}", "segment") for n in AP_IOUS},
    **{f"ar_at_{n}": Metric(f"Segment average recall of {n} proposals", "segment") for n in AR_PROPOSALS},
}
NEED_VAL = ("accuracy_val", "brier_scaled", "ece_scaled")
"""Those that need val scores; the others never see any."""
SHORT = ("accuracy", "auc", "frame_auc")
"""Those that have a table of their own in the shape of the paper's Table 1."""
