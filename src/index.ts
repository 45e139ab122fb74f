// The public interface; everything else is internal.
export { GradpoolError, type ErrorCode } from './core/errors.ts';
export type { RowsInput } from './core/columns.ts';
export type { Activation, LayerSpec, Loss, NetworkSpec } from './core/spec.ts';
export type { OutputArray } from './core/scaling.ts';
export type { Affine, DataSource, NumericArray, Scaling, StreamedSource } from './core/table.ts';
export { DataTable } from './data/data-table.ts';
export type { DateOrder } from './data/date-text.ts';
export type { NumberFormat } from './data/number-text.ts';
export { type ArraysInput, Dataset, type IdxInput, type NpyInput } from './data/dataset.ts';
export type { EncodeOptions } from './data/encode-options.ts';
export {
  type ApplyOptions,
  applyEncoding,
  type EncodedRows,
  type EncodedTable,
  encodeRows,
  encodeTable,
  type RowPolicies,
} from './data/encode-table.ts';
export type {
  CategoricalEncoding,
  ColumnEncoding,
  DatePolicy,
  Encoding,
  MissingPolicy,
  NumericEncoding,
  Task,
  UnknownPolicy,
} from './data/encoding.ts';
export { Normalization, type NormalizationMethod, type NormalizationOptions } from './data/normalization.ts';
export type { FileSource } from './data/file-source.ts';
export type { RowKey, SplitOptions } from './data/split-options.ts';
export type { StreamSplitOptions } from './data/stream-split.ts';
export type { TableSplitOptions } from './data/table-split.ts';
export { MISSING_TEXTS } from './data/number-text.ts';
export type { FileFormat, ReadOptions } from './data/read-options.ts';
export { readDataset, readTable } from './data/read-table.ts';
export { streamDataset, type StreamedTable, type StreamOptions } from './data/stream-dataset.ts';
export { type MemoryOptions, type StoreOptions, StreamedDataset } from './data/streamed-dataset.ts';
export type { CategoricalColumn, NumericColumn, TableColumn } from './data/table-column.ts';
export { type RawRow, type RawValue, tableFromRows, type TableOptions } from './data/table-from-rows.ts';
export type { SkippedCheckpoint } from './formats/checkpoint-folder.ts';
export { type LoadedModel, type ModelMeta, networkFromBytes, networkToBytes } from './formats/model.ts';
export { loadNetwork, saveNetwork } from './formats/model-file.ts';
export type { ExportOptions } from './formats/float32-range.ts';
export { exportOnnx, saveOnnx } from './formats/onnx.ts';
export type { JsonInput, JsonValue } from './formats/plain-json.ts';
export { importSafetensors, type ImportSafetensorsOptions } from './formats/pytorch.ts';
export { exportTfjs, saveTfjs, type TfjsModel, type TfjsWeightSpec } from './formats/tfjs-export.ts';
export { importTfjs, type TfjsSource } from './formats/tfjs-import.ts';
export { Predictor, type PredictorInfo, type PredictorOptions } from './infer/predictor.ts';
export type { Backend, BackendChoice, KernelPath, Twin } from './kernels/kernels.ts';
export { measureBatchCurve } from './lab/batch-curve.ts';
export type { BestBatchSizes } from './lab/best.ts';
export { measureCapacity } from './lab/capacity.ts';
export type {
  CapacityData,
  CapacityOptions,
  CapacityProgress,
  CapacityQuantity,
  CapacityTrainer,
} from './lab/capacity-options.ts';
export type { CapacityPoint, CapacityReport } from './lab/capacity-report.ts';
export type { CapacityRun } from './lab/capacity-run.ts';
export type { CapacityContrast, CapacityVerdict } from './lab/capacity-verdict.ts';
export { crossValidate } from './lab/cross-validation.ts';
export type { TimeSeriesFolds } from './lab/time-folds.ts';
export type { CrossValidationOptions, CrossValidationProgress, FoldStart } from './lab/cross-validation-options.ts';
export type { CrossValidationReport, FoldRun, FoldSummary } from './lab/cross-validation-report.ts';
export type { BatchCurveOptions, CurveProgress, TargetOptions } from './lab/curve-options.ts';
export type {
  BatchCurvePoint,
  BatchCurveReport,
  BestOfCurve,
  CurveQuantity,
  Prediction,
  ShapeOfCurve,
} from './lab/curve-report.ts';
export type { Environment } from './lab/environment.ts';
export type { EpochFit } from './lab/fit.ts';
export { type BatchNoise, type GradientNoise, measureGradientNoise } from './lab/gradient-noise.ts';
export { findLearningRate, type LearningRateReport } from './lab/learning-rate.ts';
export type { LearningRateOptions, LearningRateProgress, LearningRateTrainer } from './lab/learning-rate-options.ts';
export type { RatePoint } from './lab/learning-rate-range.ts';
export type { RateSuggestion, TriedRate } from './lab/learning-rate-suggestion.ts';
export { measureNoiseScale, type NoiseScale } from './lab/noise-scale.ts';
export { measureScaling } from './lab/scaling.ts';
export type { AmdahlFit, GustafsonFit, ScalingPrediction, UslFit } from './lab/scaling-fit.ts';
export type { ScalingOptions, ScalingProgress } from './lab/scaling-options.ts';
export type { ScalingMode, ScalingPoint, ScalingReport, ScalingSeries } from './lab/scaling-report.ts';
export type { SideBySide } from './lab/side-by-side.ts';
export { type Arm, judgeShape, type Shape, type ShapeOptions, type Verdict } from './lab/shape.ts';
export type { Interval } from './lab/statistics.ts';
export type { RateRuns, UpdatesToTarget } from './lab/target.ts';
export type { LayerParameters } from './memory/arena.ts';
export type { Phase } from './memory/control.ts';
export { detectSharedMemory, type SharedMemory } from './memory/shared.ts';
export {
  type AverageScore,
  type ClassScore,
  type ClassScores,
  classScores,
  confusionMatrix,
  type UndefinedScore,
} from './nn/class-scores.ts';
export { numericalJacobian } from './nn/differences.ts';
export type { Figures, MetricName } from './nn/figures.ts';
export type { Initialisation } from './nn/initialise.ts';
export type { FigureInterval, FigureIntervals } from './nn/bootstrap.ts';
export {
  type ClassMetrics,
  type LabelMetrics,
  measureMetrics,
  type Metrics,
  type MetricsOptions,
  type RankedClassScore,
  type ValueMetrics,
} from './nn/metrics.ts';
export { type Evaluation, type GradientReport, Network, type NetworkOptions } from './nn/network.ts';
export type { ParametersInput } from './nn/parameters.ts';
export type { MetricsTask } from './nn/predictions.ts';
export { logLoss, rocAuc, topKAccuracy } from './nn/ranking.ts';
export { type ValueScore, type ValueScores, valueScores } from './nn/value-scores.ts';
export type { InlineChoice, PredictionTiming } from './pool/inline-rows.ts';
export {
  type PredictOptions,
  PredictorPool,
  type PredictorPoolInfo,
  type PredictorPoolOptions,
} from './pool/predictor-pool.ts';
export type { TrainingCallback, TrainingControl, TrainingEnd } from './train/callbacks.ts';
export type { CheckpointExtra, CheckpointOptions } from './train/checkpoint-options.ts';
export type { ClassWeights } from './train/class-weights.ts';
export type { EarlyStopping } from './train/early-stopping.ts';
export type { FitOptions } from './train/fit-options.ts';
export { historyLine } from './train/history.ts';
export type { PhaseSeconds } from './train/outcome.ts';
export type { OptimizerName, OptimizerOptions } from './core/optimizers.ts';
export type { Optimizer } from './train/optimizer.ts';
export type { AdaptiveBatchSize, LastBatch, Strategy, StrategyChoice, TrainerOptions } from './train/options.ts';
export type { AdaptiveRule, RateRule } from './train/rate-rule.ts';
export type {
  AdaptiveChoice,
  AdaptiveStep,
  BatchSizeChoice,
  EpochReport,
  Monitor,
  Monitored,
  Progress,
  Stopped,
  TrainerInfo,
  Validation,
} from './train/report.ts';
export type { Resumed, ResumeOptions } from './train/resume.ts';
export type { Schedule } from './train/schedule.ts';
export { TensorBoardWriter, type TensorBoardOptions } from './train/tensorboard.ts';
export { Trainer } from './train/trainer.ts';
