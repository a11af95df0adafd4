/** From a configured device to the driver that speaks to it. */
import { type DeviceConfiguration, VantageError } from '../../electron/contract/index.ts';
import { type AnyDriver, DRIVER_FACTORIES, type OpenContext } from './drivers.ts';
import { DEVICE_MODELS, type DeviceModel } from './models.ts';

/**
 * Opens the way to a device and gives the driver of its model.
 * @throws VantageError DEVICE_UNSUPPORTED when the registry has no such model, kind or kind of address for it.
 * @throws TransportError when it cannot be reached.
 */
export async function openDriver(configuration: DeviceConfiguration, context: OpenContext): Promise<AnyDriver> {
  const model = modelOf(configuration);
  return model.driver === 'mt-sics-scale'
    ? DRIVER_FACTORIES[model.driver](model, configuration, context)
    : DRIVER_FACTORIES[model.driver](model, configuration, context);
}

/** @throws VantageError DEVICE_UNSUPPORTED. */
function modelOf(configuration: DeviceConfiguration): DeviceModel {
  const model = DEVICE_MODELS[configuration.model];
  if (model === undefined) throw new VantageError('DEVICE_UNSUPPORTED', `no model ${configuration.model}`);
  if (!model.kinds.includes(configuration.kind)) {
    throw new VantageError('DEVICE_UNSUPPORTED', `${configuration.model} is no ${configuration.kind}`);
  }
  if (!model.addresses.includes(configuration.address.type)) {
    throw new VantageError(
      'DEVICE_UNSUPPORTED',
      `${configuration.model} is not reached by ${configuration.address.type}`,
    );
  }
  return model;
}
