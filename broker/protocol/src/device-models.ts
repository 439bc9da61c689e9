/**
 * Ids of the models that a gateway can read as the meter of a grid connection: those that ship in `devices/models`, SunSpec,
 * and what a meter pushes through an infrared head. Here, so that the utility can check a list without the drivers; a test of
 * `devices` holds both lists against the models.
 */
export const METER_MODELS: readonly string[] = [
  ...['abb-b23', 'abb-b24', 'carlo-gavazzi-em24', 'carlo-gavazzi-em24-e1', 'chint-dtsu666'],
  ...['eastron-sdm120', 'eastron-sdm230', 'eastron-sdm630', 'eastron-sdm72d', 'eastron-sdm72d-v2'],
  ...['growatt-mod', 'huawei-sun2000', 'janitza-umg604', 'kostal-plenticore', 'schneider-iem3155'],
  ...['siemens-pac2200', 'sma-tripower', 'sungrow-sh'],
  ...['sunspec', 'sml', 'obis-text'],
]

/** Ids of the models that a gateway can read as an inverter. */
export const INVERTER_MODELS: readonly string[] = [
  ...['growatt-mod', 'huawei-sun2000', 'kostal-plenticore', 'sma-tripower', 'sungrow-sh'],
  ...['sunspec'],
]

/** Of the meters those that push telegrams by themselves: there is only a serial line to hear them on. */
export const PUSHING_METERS: readonly string[] = ['sml', 'obis-text']
